/** Programs that no npm package brings: found on the machine, else installed from its packages where that is possible. */
import { accessSync, constants, existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Failure, say } from './failure.mjs'
import { capture } from './run.mjs'

const SERVERS = {
  redis: {
    binary: 'redis-server',
    debianPackage: 'redis-server',
    address: 'REDIS_URL',
    otherwise: 'set REDIS_URL, or install Redis (apt-get install redis-server, dnf install redis, brew install redis)',
  },
  prometheus: {
    binary: 'promtool',
    debianPackage: 'prometheus',
    otherwise: 'install Prometheus (apt-get install prometheus, brew install prometheus)',
  },
  chromium: {
    binary: 'chromium',
    debianPackage: 'chromium',
    otherwise:
      'install Chromium (apt-get install chromium, brew install chromium): the search of the site is tried in it',
  },
}

/** Names that `--with` takes. */
export const serverNames = Object.keys(SERVERS)

/** Where packages put binaries on machines whose PATH is short. */
const USUAL_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** Folder to add to the PATH for the server, or undefined when it is there or its address is given. @throws Failure */
export function serverFolder(name, env) {
  const { binary, address, debianPackage, otherwise } = SERVERS[name]
  if (address !== undefined && env[address]) {
    say(`using ${address} for ${name}`)
    return undefined
  }
  const onPath = find(binary, (env.PATH || '').split(path.delimiter))
  if (onPath !== undefined) return undefined
  const elsewhere = find(binary, USUAL_FOLDERS)
  if (elsewhere !== undefined) return elsewhere
  if (!canInstall()) throw new Failure(`Cannot run without ${binary}: it is not on the PATH, ${otherwise}`)
  say(`installing ${debianPackage} from the system's packages (once)`)
  installDebian(debianPackage, otherwise)
  const installed = find(binary, USUAL_FOLDERS)
  if (installed === undefined)
    throw new Failure(`Cannot run without ${binary}: ${debianPackage} brought none, ${otherwise}`)
  return installed
}

function find(binary, folders) {
  return folders.find((folder) => folder !== '' && isExecutable(path.join(folder, binary)))
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function canInstall() {
  return process.getuid !== undefined && process.getuid() === 0 && existsSync('/usr/bin/apt-get')
}

/** RUNLEVEL=1 keeps the package from starting a service of its own. */
function installDebian(debianPackage, otherwise) {
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
  env.PATH = [env.PATH, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
    .filter(Boolean)
    .join(path.delimiter)
  const install = () => capture('apt-get', ['install', '-y', '--no-install-recommends', debianPackage], env)
  let { status, output } = install()
  if (status !== 0) {
    capture('apt-get', ['update'], env)
    const again = install()
    status = again.status
    output = again.output
  }
  if (status !== 0) {
    const last = output.trim().split('\n').slice(-3).join('\n')
    throw new Failure(`Cannot install ${debianPackage}: apt-get failed, ${otherwise}\n${last}`)
  }
}
