/**
 * The public API of every entry of every package as committed text, so that a change of it shows in review:
 * packages/<name>/etc/<name>[-<entry>].api.md. Reads dist/, so build first.
 *
 *   node scripts/gates/api-reports.mjs [--update] [package …]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { root, toolsDir } from '../environment/paths.mjs'

const update = process.argv.includes('--update')
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const problems = packagesToReport().flatMap((folder) => entriesOf(folder).flatMap(report))
for (const problem of problems) process.stderr.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function packagesToReport() {
  return readdirSync(path.join(root, 'packages')).filter((folder) => only.length === 0 || only.includes(folder))
}

/** The entries that have declarations, named as their report file. */
function entriesOf(folder) {
  const packageJsonFullPath = path.join(root, 'packages', folder, 'package.json')
  const { exports = {} } = JSON.parse(readFileSync(packageJsonFullPath, 'utf8'))
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object' && target.types !== undefined)
    .map(([entry, target]) => {
      const suffix = entry === '.' ? '' : `-${entry.slice(2).replaceAll('/', '-')}`
      return { folder, packageJsonFullPath, name: `${folder}${suffix}`, declarations: target.types }
    })
}

/** Problems of one entry, as lines for people. */
function report({ folder, packageJsonFullPath, name, declarations }) {
  const home = path.dirname(packageJsonFullPath)
  const entry = path.join(home, declarations)
  if (!existsSync(entry))
    return [`packages/${folder}: ${declarations} is missing, expected a built package (pnpm run build)`]
  const messages = []
  const { apiReportChanged } = Extractor.invoke(configOf({ home, packageJsonFullPath, name, entry }), {
    localBuild: update,
    messageCallback(message) {
      message.handled = true
      if (message.logLevel === ExtractorLogLevel.Error) messages.push(`packages/${folder}: ${message.text}`)
    },
  })
  if (apiReportChanged && update) process.stdout.write(`updated packages/${folder}/etc/${name}.api.md\n`)
  if (apiReportChanged && !update) {
    messages.push(
      `packages/${folder}/etc/${name}.api.md is not what the package exports: run \`pnpm api\` and commit it`,
    )
  }
  return messages
}

function configOf({ home, packageJsonFullPath, name, entry }) {
  const reportFolder = path.join(home, 'etc')
  const reportTempFolder = path.join(toolsDir, 'api')
  for (const folder of [reportFolder, reportTempFolder]) mkdirSync(folder, { recursive: true })
  return ExtractorConfig.prepare({
    packageJsonFullPath,
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: home,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      enumMemberOrder: 'preserve',
      apiReport: { enabled: true, reportFileName: `${name}.api.md`, reportFolder, reportTempFolder },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: { overrideTsconfig: tsconfigFor(entry) },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'none' },
          'ae-forgotten-export': { logLevel: 'none', addToApiReportFile: true },
          'ae-unresolved-link': { logLevel: 'error' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  })
}

/** No `@ops/source` condition here: the report is about what is published. */
function tsconfigFor(entry) {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    allowImportingTsExtensions: true,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  }
  return { compilerOptions, files: [entry] }
}
