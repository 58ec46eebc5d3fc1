import assert from 'node:assert/strict'
import process from 'node:process'
import { defineConfig, int, loadConfig, setting } from '@ops/config'

process.env.CONSUMERS = '8'
const config = await loadConfig(defineConfig({ CONSUMERS: setting(int({ min: 1 }), 'How many') }))

assert.equal(config.current.CONSUMERS, 8)
await config.close()
