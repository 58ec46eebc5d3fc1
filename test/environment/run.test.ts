import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const run = join(import.meta.dirname, '..', '..', 'scripts', 'environment', 'run.mjs')

/** A program that ends 50 ms after its first stop signal and says how many it got. */
const PROGRAM = `
  let stops = 0
  const stay = setInterval(() => {}, 1000)
  process.on('SIGTERM', () => { stops++; setTimeout(() => { console.log('stopped ' + stops); process.exit(7) }, 50) })
  console.log('pid ' + process.pid)`

test('attach() passes a stop signal on once and returns the code of the program when it is sent to both', async () => {
  const { parent, output, until } = startAttached()
  await until(/pid (\d+)/)

  parent.kill('SIGTERM')
  parent.kill('SIGTERM')
  const [code] = await once(parent, 'close')

  expect(output()).toContain('stopped 1')
  expect(code).toBe(7)
})

test('attach() leaves no program behind when it is killed', async () => {
  const { parent, until } = startAttached()
  await until(/pid (\d+)/)

  parent.kill('SIGKILL')

  await until(/stopped 1/)
})

test('attach() says what it could not run when there is no such program', async () => {
  const script = `import { attach } from ${JSON.stringify(run)}; await attach('no-such-program', []).catch((e) => console.log(e.message))`
  const { parent, output } = start(script)

  await once(parent, 'close')

  expect(output()).toMatch(/^Cannot run no-such-program: /)
})

function startAttached() {
  return start(
    `import { attach } from ${JSON.stringify(run)}
     process.exitCode = await attach(process.execPath, ['-e', ${JSON.stringify(PROGRAM)}])`,
  )
}

function start(script: string) {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  const waiting = new Set<() => void>()
  parent.stdout.on('data', (chunk) => {
    text += chunk
    for (const check of waiting) check()
  })
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!pattern.test(text)) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  return { parent, output: () => text, until }
}
