import assert from "node:assert/strict";
import test from "node:test";

import { AuthError } from "../auth/errors.js";
import { settle } from "../../fakes/world.js";
import { createStepUp } from "./step-up.js";

/** A service that wants a step-up from whoever has had none. */
function setting() {
  const stepUp = createStepUp();
  let isFresh = false;
  /** @type {string[]} */
  const asked = [];
  /** @param {string} what */
  const ask = async (what) => {
    asked.push(what);
    if (!isFresh) throw new AuthError("forbidden", { code: "step_up_required", status: 403 });
    return `did ${what}`;
  };
  /** @param {boolean} isProven */
  const answer = (isProven) => {
    isFresh = isProven;
    stepUp.settle(isProven);
  };
  return { stepUp, asked, answer, ask: stepUp.within(ask) };
}

test("an action refused for want of a step-up is repeated once after it", async () => {
  const { stepUp, asked, answer, ask } = setting();
  const done = ask("this");
  await settle();
  assert.equal(stepUp.isWanted(), true);
  answer(true);

  assert.equal(await done, "did this");
  assert.deepEqual([asked, stepUp.isWanted()], [["this", "this"], false]);
});

test("two actions at once are one question", async () => {
  const { stepUp, asked, answer, ask } = setting();
  let asksNow = false;
  let questions = 0;
  stepUp.subscribe(() => {
    if (stepUp.isWanted() && !asksNow) questions++;
    asksNow = stepUp.isWanted();
  });
  const both = Promise.all([ask("one"), ask("other")]);
  await settle();
  answer(true);

  assert.deepEqual(await both, ["did one", "did other"]);
  assert.deepEqual([asked.length, questions], [4, 1]);
});

test("who would rather not leaves everything as it was", async () => {
  const { stepUp, asked, answer, ask } = setting();
  const refused = assert.rejects(ask("this"), { kind: "aborted" });
  await settle();
  answer(false);

  await refused;
  assert.deepEqual([asked, stepUp.isWanted()], [["this"], false]);
});

test("a refusal that comes after the proof asks nobody again", async () => {
  const stepUp = createStepUp();
  /** @type {(error: Error) => void} */
  let refuse = () => {};
  const late = new Promise((_, reject) => (refuse = reject));
  const answers = [late, Promise.resolve("done")];
  const done = stepUp.within(() => /** @type {Promise<string>} */ (answers.shift()))();
  stepUp.settle(true);
  refuse(new AuthError("forbidden", { code: "step_up_required" }));

  assert.equal(await done, "done");
  assert.equal(stepUp.isWanted(), false);
});

test("what is refused again is not asked a third time", async () => {
  const stepUp = createStepUp();
  let count = 0;
  const refused = assert.rejects(stepUp.within(async () => Promise.reject(new AuthError("forbidden", { code: "step_up_required", cause: ++count })))(), { kind: "forbidden" });
  await settle();
  stepUp.settle(true);

  await refused;
  assert.deepEqual([count, stepUp.isWanted()], [2, false]);
});

test("another refusal is the caller's", async () => {
  const stepUp = createStepUp();

  await assert.rejects(stepUp.within(() => Promise.reject(new AuthError("forbidden", { code: "forbidden" })))(), { code: "forbidden" });
  assert.equal(stepUp.isWanted(), false);
});
