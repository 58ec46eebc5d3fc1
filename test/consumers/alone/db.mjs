import assert from 'node:assert/strict'
import { describeStatement } from '@ops/db'

const { operation, shape } = describeStatement("select * from users where mail = 'ann@example.com'")

assert.equal(operation, 'select')
assert.doesNotMatch(shape, /ann/)
