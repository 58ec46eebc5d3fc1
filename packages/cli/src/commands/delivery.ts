/** `ops smoke` and `ops deployed`: what a pipeline runs after a rollout. */
import { type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { columns } from '../command/help.ts'
import { reportDeployment } from '../delivery/report.ts'
import { UsageError } from '../errors.ts'
import { openSubject } from './open-subject.ts'

const smoke = defineCommand({
  words: ['smoke'],
  operands: '<url>',
  arity: [1, 1],
  summary: 'ask a deployed service for its probes, its declared requests and its version',
  details:
    'Exits 1 when an answer is not the expected one. Requests are those of operations.smoke; nothing is changed.',
  options: {
    ...SERVICE_OPTION,
    'ops-url': { type: 'string', value: 'url', help: 'ops port of a replica, whose version is looked at' },
    expect: { type: 'string', value: 'version', help: 'version that must run (needs --ops-url)' },
  },
  async run({ values: { service, json, expect: version, ...values }, operands: [url = ''], context }) {
    const opsUrl = values['ops-url']
    for (const given of [url, opsUrl]) assertUrl('smoke', given)
    if (version !== undefined && opsUrl === undefined)
      throw new UsageError('Cannot run ops smoke: --expect is given without --ops-url, expected both')
    const { operations } = await openSubject(service, context)
    const { runSmoke } = await import('../delivery/smoke.ts')
    const results = await runSmoke({ url, opsUrl, version, requests: operations.smoke ?? [] })
    const ok = results.every((result) => result.ok)
    if (json) context.out(toJson({ ok, results }))
    else
      context.out(
        `${columns(results.map((result) => [result.ok ? context.paint('green', 'ok') : context.paint('red', 'failed'), result.what, result.found]))}\n`,
      )
    return ok ? 0 : 1
  },
})

const deployed = defineCommand({
  words: ['deployed'],
  operands: '<succeeded|failed>',
  arity: [1, 1],
  summary: 'tell Prometheus how a deployment ended: two failures in a row are an alert',
  details:
    'By a Pushgateway that Prometheus scrapes with honor_labels, so that the series keeps the job of the service.',
  options: {
    ...SERVICE_OPTION,
    pushgateway: { type: 'string', value: 'url', help: 'address of the Pushgateway (default: PUSHGATEWAY_URL)' },
  },
  async run({ values, operands: [outcome], context }) {
    const pushgateway = values.pushgateway ?? context.env['PUSHGATEWAY_URL']
    if (outcome !== 'succeeded' && outcome !== 'failed')
      throw new UsageError(`Cannot run ops deployed: ${outcome} is given, expected succeeded or failed`)
    if (pushgateway === undefined)
      throw new UsageError('Cannot run ops deployed: no address, expected --pushgateway or PUSHGATEWAY_URL')
    assertUrl('deployed', pushgateway)
    const { definition } = await openSubject(values.service, context)
    const failures = await reportDeployment({
      pushgateway,
      service: definition.name,
      succeeded: outcome === 'succeeded',
    })
    if (values.json) context.out(toJson({ ok: true, failures }))
    else context.out(`${context.paint('green', 'ok')} ${failures} failed in a row\n`)
    return 0
  },
})

/** The commands of a pipeline. */
export const deliveryCommands: readonly Command[] = [smoke, deployed]

/** @throws UsageError for what is given and no address of HTTP. */
function assertUrl(command: string, given: string | undefined): void {
  if (given === undefined || /^https?:\/\/[^/\s]/.test(given)) return
  throw new UsageError(
    `Cannot run ops ${command}: ${given} is given, expected an address like https://shop.example.com`,
  )
}
