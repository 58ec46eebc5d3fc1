import assert from 'node:assert/strict'
import { createSubject, generateArtefacts } from '@ops/cli'

const subject = await createSubject({ name: 'orders', owner: 'team-orders', tier: 2, settings: {} })
const files = new Map(generateArtefacts(subject).map(({ path, text }) => [path, text]))

assert.match(files.get('.env.example'), /LOG_LEVEL/)
assert.match(files.get('alerts.yml'), /http_request/)
