import { codeFrom } from "../code.js";
import { el } from "./el.js";
import { createField, createForm } from "./form.js";

/** @type {Record<string, { label: string, hint: string, invalid: string, other: string, attributes: import("./el.js").Attributes }>} */
const METHODS = {
  totp: {
    label: "Six-digit code",
    hint: "Open your authenticator app and enter the code it shows for Inphora.",
    invalid: "Enter the six digits your app shows.",
    other: "Use the authenticator app instead",
    attributes: { autocomplete: "one-time-code", inputmode: "numeric", class: "code" },
  },
  recovery_code: {
    label: "Recovery code",
    hint: "One of the codes you saved when you set up two-factor sign-in. Each works once.",
    invalid: "Enter the whole recovery code, as you saved it.",
    other: "Use a recovery code instead",
    attributes: { autocomplete: "off", autocapitalize: "none", spellcheck: "false", class: "code" },
  },
};

/**
 * @param {import("../session.js").AuthSession} auth @param {string[]} methods those unknown here are left out
 * @returns {import("./page.js").View}
 */
export function secondFactorView(auth, methods) {
  const known = methods.filter((method) => method in METHODS);
  const slot = el("div");
  const restart = el("button", { type: "button", class: "link", onclick: auth.startOver }, "Sign in as someone else");

  /** @param {string} method @returns {HTMLInputElement} */
  function show(method) {
    const { label, hint, invalid, attributes } = /** @type {(typeof METHODS)[string]} */ (METHODS[method]);
    const field = createField({
      name: "code",
      label,
      hint,
      missing: "Enter the code.",
      invalid,
      attributes: { type: "text", ...attributes },
    });
    const form = createForm({
      fields: [field],
      submitLabel: "Continue",
      busyLabel: "Checking…",
      submit: (values) => auth.verifySecondFactor(codeFrom(values.code ?? "")),
      blame: (code) => (code === "mfa_code_invalid" ? field : undefined),
    });
    const others = known.filter((each) => each !== method).map((each) =>
      el("button", { type: "button", class: "link", onclick: () => show(each).focus() }, METHODS[each]?.other),
    );
    slot.replaceChildren(form.node, el("p", { class: "links" }, ...others, restart));
    return field.input;
  }

  const first = show(known[0] ?? "totp");
  return {
    title: "Confirm it is you",
    first,
    node: el("div", { class: "card narrow" }, el("h1", { tabindex: "-1" }, "Confirm it is you"), slot),
  };
}
