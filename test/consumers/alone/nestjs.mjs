import assert from 'node:assert/strict'
import { OPS, OpsModule } from '@ops/nestjs'

const { module, providers } = OpsModule.forRoot({ ops: { logger: 'mine' } })

assert.equal(module, OpsModule)
assert.deepEqual(providers.find(({ provide }) => provide === OPS).useFactory(), { logger: 'mine' })
