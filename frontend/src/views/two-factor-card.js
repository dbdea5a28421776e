import { enableTwoFactor, setUpTwoFactor } from "../account.js";
import { codeFrom } from "../code.js";
import { svgUrl } from "../svg-url.js";
import { createAction } from "./action.js";
import { card } from "./card.js";
import { el } from "./el.js";
import { createField, createForm } from "./form.js";
import { recoveryCodes } from "./recovery-codes.js";

/** Off → scan and confirm → recovery codes, once → on. @param {import("../session.js").AuthSession} auth @param {import("../session.js").SignedIn} state */
export function twoFactorCard(auth, state) {
  const slot = el("div", { class: "stack" });
  const node = card("two-factor", "Two-factor sign-in", slot);
  let { mfa_enabled: enabled } = state.user;
  let inProgress = false;
  const title = node.querySelector("h2");
  title?.setAttribute("tabindex", "-1"); // so that it can take the focus when the codes are gone

  function rest() {
    inProgress = false;
    slot.replaceChildren(...(enabled ? whenOn() : whenOff(begin)));
  }

  async function begin() {
    const setup = await setUpTwoFactor(auth);
    inProgress = true;
    const { nodes, first } = confirmation(setup, { confirm, cancel });
    slot.replaceChildren(...nodes);
    first.focus();
  }

  function cancel() {
    rest();
    slot.querySelector("button")?.focus();
  }

  /** @param {string} code */
  async function confirm(code) {
    const codes = await enableTwoFactor(auth, code);
    const { nodes, first } = recoveryCodes(codes, { done });
    slot.replaceChildren(...nodes);
    first.focus();
  }

  function done() {
    enabled = true;
    rest();
    title?.focus();
  }

  rest();
  return {
    node,
    /** @param {import("../session.js").SignedIn} next never while secret or codes are shown: they are shown once */
    update({ user }) {
      if (inProgress || user.mfa_enabled === enabled) return;
      enabled = user.mfa_enabled;
      rest();
    },
  };
}

function whenOn() {
  return [el("p", {}, el("span", { class: "badge" }, "On"), " Signing in asks for a code from your authenticator app.")];
}

/** @param {() => Promise<void>} begin */
function whenOff(begin) {
  const start = createAction({ label: "Set up two-factor", busyLabel: "Preparing…", run: begin });
  return [
    el("p", {}, "Protect your account with a code from an authenticator app, besides your password."),
    el("div", { class: "actions" }, start.button),
    start.alert,
  ];
}

/**
 * @param {import("../contract.js").TwoFactorSetup} setup
 * @param {{ confirm: (code: string) => Promise<void>, cancel: () => void }} on
 */
function confirmation(setup, { confirm, cancel }) {
  const field = createField({
    name: "code",
    label: "Six-digit code",
    missing: "Enter the code your app shows.",
    invalid: "Enter the six digits your app shows.",
    attributes: { type: "text", autocomplete: "one-time-code", inputmode: "numeric", class: "code" },
  });
  const form = createForm({
    fields: [field],
    submitLabel: "Turn on",
    busyLabel: "Checking…",
    submit: (values) => confirm(codeFrom(values.code ?? "")),
    blame: (code) => (code === "mfa_code_invalid" ? field : undefined),
    under: el("button", { type: "button", class: "link", onclick: cancel }, "Not now"),
  });
  const nodes = [
    el("p", {}, "Scan this with your authenticator app, then enter the code it shows."),
    el("img", { class: "qr", alt: "QR code for your authenticator app", src: svgUrl(setup.qr_svg), width: 184, height: 184 }),
    el("p", { class: "hint" }, "Or type this key into the app: ", el("code", { class: "secret" }, spaced(setup.secret))),
    form.node,
  ];
  return { nodes, first: field.input };
}

/** @param {string} secret */
function spaced(secret) {
  return secret.replace(/(.{4})(?=.)/g, "$1 ");
}
