/**
 * The public API of every entry of every package as committed text, so that a change of it shows in review:
 * packages/<name>/etc/<name>[-<entry>].api.md. Reads dist/, so build first.
 *
 *   node scripts/gates/api-reports.mjs [--update] [package …]
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'
import { root, toolsDir } from '../environment/paths.mjs'

const update = process.argv.includes('--update')
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const entries = packagesToReport().flatMap(entriesOf)
const built = entries.filter(({ entry }) => existsSync(entry))
const missing = entries.filter((entry) => !built.includes(entry))
const problems = [...missing.map(notBuilt), ...reportAll(built)]
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
      const home = path.dirname(packageJsonFullPath)
      return { folder, home, packageJsonFullPath, name: `${folder}${suffix}`, entry: path.join(home, target.types) }
    })
}

function notBuilt({ folder, home, entry }) {
  return `packages/${folder}: ${path.relative(home, entry)} is missing, expected a built package (npm run build)`
}

/** Problems of all entries, as lines for people. One compilation serves them all. */
function reportAll(all) {
  const paths = all.map(({ entry }) => entry)
  const configs = all.map((one) => configOf(one, paths))
  if (configs.length === 0) return []
  const compilerState = CompilerState.create(configs[0], { additionalEntryPoints: paths.slice(1) })
  return all.flatMap((one, at) => report(one, configs[at], compilerState))
}

function report({ folder, name }, config, compilerState) {
  const messages = []
  const { apiReportChanged } = Extractor.invoke(config, {
    compilerState,
    localBuild: update,
    messageCallback(message) {
      message.handled = true
      if (message.logLevel === ExtractorLogLevel.Error && !isOverloadLink(message)) {
        messages.push(`packages/${folder}: ${message.text}`)
      }
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

/** A link to an overloaded function is good enough without a selector for one of the overloads. */
function isOverloadLink({ messageId, text }) {
  return messageId === 'ae-unresolved-link' && text.includes('has more than one declaration')
}

function configOf({ home, packageJsonFullPath, name, entry }, files) {
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
      compiler: { overrideTsconfig: tsconfigFor(files) },
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
function tsconfigFor(files) {
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
  return { compilerOptions, files }
}
