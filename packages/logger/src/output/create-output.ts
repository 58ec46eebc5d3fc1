import { isatty } from 'node:tty'
import type { Clock } from '@ops/core'
import type { LoggerOptions } from '../options.ts'
import { guardDestination, type LogOutput, type OnDrop } from './destination.ts'
import { createFdOutput } from './fd-output.ts'
import { prettyOutput } from './pretty.ts'

const STDOUT = 1

/** The output that the options ask for. */
export function createOutput(options: LoggerOptions, clock: Clock, onDrop: OnDrop): LogOutput {
  const { destination, env, batch } = options
  const output =
    destination === undefined
      ? createFdOutput({ fd: STDOUT, clock, onDrop, batch })
      : guardDestination(destination, onDrop)
  const pretty = options.pretty ?? (destination === undefined && env === 'development' && isatty(STDOUT))
  return pretty ? prettyOutput(output) : output
}
