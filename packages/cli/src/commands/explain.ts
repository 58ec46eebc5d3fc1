import { type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { openSubject } from './open-subject.ts'

/** `ops explain`: what the declaration comes to, value by value. */
export const explainCommand: Command = defineCommand({
  words: ['explain'],
  summary: 'print every value of the declaration, its origin and why',
  details: 'Settings are explained by what is declared. For the values in force see ops config show.',
  options: SERVICE_OPTION,
  async run({ values: { service, json }, context }) {
    const { explainSubject } = await import('../explain.ts')
    const facts = explainSubject(await openSubject(service, context))
    const lines = facts.map(({ name, value, origin, why }) => `${name} = ${value}\n  ${origin}: ${why}\n`)
    context.out(json ? toJson(facts) : lines.join(''))
    return 0
  },
})
