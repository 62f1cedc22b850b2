/** The error of a call to the store: a code for programs, a sentence for people. */
import type { StoreErrorCode } from './store-messages.ts'

/** A refusal of the store as it crosses between threads and processes, where classes do not survive. */
export interface PlainStoreError {
  readonly code: StoreErrorCode
  readonly message: string
}

/** What a {@link Store} rejects with. Look at `code`, show `message`. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /** The form that crosses to another thread; the cause stays behind. */
  toPlain(): PlainStoreError {
    return { code: this.code, message: this.message }
  }

  /** The error again on the other side. */
  static fromPlain(plain: PlainStoreError): StoreError {
    return new StoreError(plain.code, plain.message)
  }
}
