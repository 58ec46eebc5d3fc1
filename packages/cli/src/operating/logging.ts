/** The page on logging: which level says what, and how to see more of a running service. */
import { code, list, table } from '../markdown.ts'
import type { Subject } from '../subject.ts'
import type { OperatingPage } from './document.ts'

const LEVELS: readonly (readonly string[])[] = [
  [
    '`error`',
    'A failure that needs attention: something was not done and will not be by itself',
    'a payment was refused by a bug; a job became a dead letter',
  ],
  [
    '`warn`',
    'Degraded but working: a fallback, a retry, a limit that is near',
    'pricing is down, the cached price was used',
  ],
  [
    '`info`',
    'A significant change of state, a few a minute at most besides the access log',
    'started, drains, migration done, flag changed',
  ],
  [
    '`debug`',
    'For looking for something; off in production unless somebody is looking',
    'which branch was taken, sizes, decisions',
  ],
]

/** When to log at which level, and how to see more. */
export function loggingPage({ definition }: Subject): OperatingPage {
  const { name } = definition
  return {
    file: 'logging.md',
    title: 'Logging',
    summary: 'When to log at which level, what must never stand in a line, and how to see more of a running service.',
    sections: [
      ['Levels', table(['level', 'means', 'for instance'], LEVELS)],
      [
        'Rules',
        list([
          'An error is logged once, where it is handled; whoever passes it on logs nothing.',
          'What the client did wrong is no `error`: a 4xx is `info`.',
          'Facts go into fields, not into the message: `logger.info("order placed", { orderId })`.',
          'Never: passwords, tokens, keys, card numbers, social security numbers. Masked: e-mail, phone, names. Allowed: ids.',
          'Who did what to whose data goes to the audit log, which is kept apart and only grows.',
        ]),
      ],
      [
        'See more',
        `Of one replica, for ten minutes, without a restart:\n\n${code(
          'sh',
          `kubectl port-forward deploy/${name} 9090 &
curl -X PUT localhost:9090/ops/loglevel -d '{"level":"debug","ttl":"10m","by":"<you>"}'`,
        )}`,
      ],
      [
        'Follow one request',
        `The answer's \`X-Trace-Id\` stands in every line of every service it went through:\n\n${code(
          'sh',
          `kubectl logs -l app.kubernetes.io/name=${name} --since=1h | grep '"trace_id":"<id>"'`,
        )}`,
      ],
    ],
  }
}
