import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DockerfileParser } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Deployment } from '../src/deploy/deployment.ts'
import { dockerfile, dockerignore } from '../src/deploy/dockerfile.ts'
import { planDeployment } from '../src/deploy/plan.ts'
import { DIGEST, deploy, deployedSubject } from './deploy.fixture.ts'

const text = dockerfile(planDeployment(await deployedSubject(), deploy))
const parsed = DockerfileParser.parse(text)
const instructions = parsed.getInstructions()
const argumentsOf = (keyword: string): string[] =>
  instructions.filter((each) => each.getKeyword() === keyword).map((each) => each.getArgumentsContent() ?? '')

/** The words of an instruction in JSON form. */
function wordsOf(keyword: string): string[] {
  const [content = ''] = argumentsOf(keyword)
  return JSON.parse(content.slice(content.indexOf('['))) as string[]
}

/** Runs the health check of the image against a server; resolves with its exit code. */
async function healthOf(port: number): Promise<number> {
  const [command = '', ...args] = wordsOf('HEALTHCHECK')
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] ?? '', OPS_PORT: String(port) } })
  const [code] = (await once(child, 'exit')) as [number]
  return code
}

async function portOf(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  return (server.address() as AddressInfo).port
}

describe('dockerfile()', () => {
  test('dockerfile() keeps to the grammar and names no unknown instruction', () => {
    expect(validate(text)).toEqual([])
    expect(validate(text.replace('USER', 'USR')).map(({ message }) => message)).toEqual(['Unknown instruction: USR'])
  })

  test('dockerfile() builds in one stage and runs in another, both pinned by digest', () => {
    const stages = parsed.getFROMs()

    expect(stages.map((from) => from.getImageDigest())).toEqual([DIGEST, DIGEST])
    expect(stages.map((from) => from.getBuildStage())).toEqual(['build', null])
    expect(argumentsOf('RUN')).toEqual(['npm ci', 'npm run build && npm prune --omit=dev'])
    const copies = text.slice(text.lastIndexOf('FROM')).match(/^COPY.*/gm) ?? []
    expect(copies).toHaveLength(3)
    expect(copies.filter((copy) => !copy.startsWith('COPY --from=build '))).toEqual([])
  })

  test('dockerfile() runs as a numeric user that is not root, without a shell in front of the process', () => {
    expect(argumentsOf('USER')).toEqual(['10001:10001'])
    expect(wordsOf('CMD')).toEqual(['node', 'dist/main.js'])
    expect(argumentsOf('EXPOSE')).toEqual(['3000 9090'])
  })

  test('dockerfile() asks for health with nothing but Node', () => {
    expect(wordsOf('HEALTHCHECK').slice(0, 2)).toEqual(['node', '-e'])
    expect(text).not.toMatch(/curl|wget|apt-get|apk /)
  })
})

describe('dockerfile() by pnpm', () => {
  const textOf = async (change: Partial<Deployment>): Promise<string> => {
    const declared = { ...deploy, packageManager: 'pnpm', ...change } as const
    return dockerfile(planDeployment(await deployedSubject(declared), declared))
  }

  test('dockerfile() installs from the lockfile of pnpm, in the version that the repository pins', async () => {
    const lines = (await textOf({})).split('\n')

    expect(validate(lines.join('\n'))).toEqual([])
    expect(lines.filter((line) => /^(?:COPY|RUN)/.test(line))).toEqual([
      'COPY package.json pnpm-lock.yaml pnpm-workspace.yaml* ./',
      `RUN npm install --global "$(node -p "require('./package.json').packageManager.split('+')[0]")"`,
      'RUN pnpm install --frozen-lockfile',
      'COPY . .',
      'RUN pnpm run build && CI=true pnpm prune --prod',
      'COPY --from=build /app/package.json ./',
      'COPY --from=build /app/node_modules ./node_modules',
      'COPY --from=build /app/dist ./dist',
    ])
  })

  test('dockerfile() builds a folder of a workspace with what it needs, and takes that alone along', async () => {
    const text = await textOf({ workspaceFolder: 'services/shop' })

    expect(validate(text)).toEqual([])
    expect(text).toContain('Build from the root of the workspace, with BuildKit:\n#   docker build -f <this file> ')
    expect(text.match(/^RUN pnpm .*/gm)).toEqual([
      'RUN pnpm install --frozen-lockfile --filter "{./services/shop}..."',
      'RUN pnpm --filter "{./services/shop}..." run --if-present build && pnpm --filter "{./services/shop}" deploy --prod --legacy /out',
    ])
    expect(text.slice(text.lastIndexOf('FROM'))).toMatch(/^WORKDIR \/app\nCOPY --from=build \/out \.\/$/m)
    expect(dockerignore({ workspaceFolder: 'services/shop' })).toContain('\nservices/shop/ops\n')
  })

  test('dockerfile() builds nothing when Node runs the sources themselves', async () => {
    const source = await textOf({ api: { entry: 'src/main.ts' }, worker: { entry: 'src/worker.ts' } })

    expect(source).not.toContain('run build')
    expect(source).toContain('COPY --from=build /app/src ./src')
    expect(source).toContain('CMD ["node","src/main.ts"]')
  })
})

describe('HEALTHCHECK', () => {
  test('HEALTHCHECK exits 0 when the liveness probe answers 200', async () => {
    const paths: string[] = []
    const port = await portOf((request, response) => {
      paths.push(request.url ?? '')
      response.end()
    })

    expect(await healthOf(port)).toBe(0)
    expect(paths).toEqual(['/livez'])
  })

  test('HEALTHCHECK exits 1 when the liveness probe answers 503', async () => {
    const port = await portOf((_, response) => void response.writeHead(503).end())

    expect(await healthOf(port)).toBe(1)
  })

  test('HEALTHCHECK exits 1 when nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')

    expect(await healthOf(port)).toBe(1)
  })

  test('HEALTHCHECK exits 1 when no answer comes', async () => {
    const port = await portOf(() => {})

    expect(await healthOf(port)).toBe(1)
  })
})

test('dockerignore() keeps history, secrets, tests and what others built out of the image', () => {
  const lines = dockerignore({ workspaceFolder: undefined }).split('\n')

  for (const wanted of ['.git', '**/node_modules', '**/.env', '**/.env.*', '**/test', '**/dist'])
    expect(lines).toContain(wanted)
  expect(lines.indexOf('!**/.env.example')).toBeGreaterThan(lines.indexOf('**/.env.*'))
})
