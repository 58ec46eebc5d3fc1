/** The messages between the main thread and the worker. */
import type { OpsPage } from './page.ts'

/** What the worker starts with. */
export interface WorkerStart {
  readonly port: number
  readonly host: string
  readonly token: string | undefined
  readonly mainTimeoutMs: number
  readonly pages: readonly WorkerPageStart[]
}

/** A page as it crosses: functions stay behind. */
export interface WorkerPageStart extends Pick<OpsPage, 'paths' | 'access'> {
  readonly module: string | undefined
  readonly data: unknown
}

/** Worker to main: a question, or how the start went. */
export type FromWorker =
  | { readonly kind: 'handle' | 'respond'; readonly id: number; readonly page: number; readonly payload: unknown }
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly details: object }

/** An answer to a question. */
export type Reply =
  | { readonly kind: 'reply'; readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly kind: 'reply'; readonly id: number; readonly ok: false; readonly message: string }

/** Main to worker. */
export type FromMain = Reply | { readonly kind: 'close' }
