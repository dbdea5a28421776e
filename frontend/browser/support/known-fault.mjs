import assert from "node:assert/strict";

/**
 * What fails for a known fault of the product. It must fail, and with the words that the fault shows: for any other
 * reason, or when it passes because the fault is fixed, this throws. Then take the mark out.
 * @param {{ reason: string, shows: RegExp }} fault @param {() => Promise<unknown>} body @returns {Promise<string>} for the report
 */
export async function knownFault({ reason, shows }, body) {
  const error = await body().then(() => null, (cause) => cause);
  assert.notEqual(error, null, `this passes now: take the mark of the known fault out (${reason})`);
  if (!shows.test(String(error))) throw error;
  return `known fault: ${reason}`;
}
