/** Numbers by which acceptors tell that something was written. */
import type { Receipt, Step } from './state.ts'

/** Gives the number for a write, and notes who waits for it. */
export function newReceipt(step: Step, entry: Receipt): number {
  const { state } = step
  const receipt = state.nextReceipt
  state.nextReceipt = receipt === 0xffff_ffff ? 1 : receipt + 1
  state.receipts.set(receipt, entry)
  return receipt
}
