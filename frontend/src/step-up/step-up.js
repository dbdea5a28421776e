import { AuthError } from "../services/authService.js";

/**
 * Proving once more who one is, for actions that want it fresh: one question for all that wait for it.
 * @typedef {ReturnType<typeof createStepUp>} StepUp
 */
export function createStepUp() {
  /** @type {Promise<boolean> | null} */
  let question = null;
  /** @type {(isProven: boolean) => void} */
  let answer = () => {};
  let proofs = 0;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  const tell = () => listeners.forEach((fn) => fn());

  function prove() {
    const asked = (question ??= new Promise((resolve) => (answer = resolve)));
    tell();
    return asked;
  }

  return {
    /** @param {() => void} fn @returns {() => void} stops it */
    subscribe(fn) {
      listeners.add(fn);
      return () => void listeners.delete(fn);
    },
    isWanted: () => question !== null,
    /** The question is answered. @param {boolean} isProven false: the person would rather not */
    settle(isProven) {
      proofs += Number(isProven);
      question = null;
      answer(isProven);
      tell();
    },
    /**
     * What is refused for want of a step-up is asked again, once, after it. Rejects with kind `aborted` where the
     * person would rather not.
     * @template {any[]} A @template T @param {(...asked: A) => Promise<T>} ask @returns {(...asked: A) => Promise<T>}
     */
    within: (ask) => async (...asked) => {
      const before = proofs;
      try {
        return await ask(...asked);
      } catch (error) {
        if (/** @type {AuthError} */ (error).code !== "step_up_required") throw error;
        // Proven while this was under way: nobody is asked twice.
        if (proofs === before && !(await prove())) throw new AuthError("aborted", { code: "step_up_required", cause: error });
      }
      return ask(...asked);
    },
  };
}

export const stepUp = /* @__PURE__ */ createStepUp();
