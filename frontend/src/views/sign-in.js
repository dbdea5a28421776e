import { describeReason } from "../messages.js";
import { el } from "./el.js";
import { createField, createForm } from "./form.js";

/**
 * @param {import("../session.js").AuthSession} auth @param {string | null} reason why the person is here again
 * @returns {import("./page.js").View}
 */
export function signInView(auth, reason) {
  const email = createField({
    name: "email",
    label: "E-mail address",
    missing: "Enter your e-mail address.",
    invalid: "Enter a complete e-mail address, like name@example.com.",
    attributes: { type: "email", autocomplete: "username", inputmode: "email", autocapitalize: "none", spellcheck: "false" },
  });
  const password = createField({
    name: "password",
    label: "Password",
    missing: "Enter your password.",
    invalid: "This is longer than any password here.",
    attributes: { type: "password", autocomplete: "current-password" },
  });
  password.node.append(reveal(password.input));
  const form = createForm({
    fields: [email, password],
    submitLabel: "Sign in",
    busyLabel: "Signing in…",
    submit: (values) => auth.signIn({ email: values.email?.trim() ?? "", password: values.password ?? "" }),
    blame: (code) => (code === "invalid_credentials" ? password : undefined),
  });
  const notice = describeReason(reason);
  return {
    title: "Sign in",
    first: notice ? undefined : email.input,
    node: el(
      "div",
      { class: "card narrow" },
      el("h1", { tabindex: "-1" }, "Sign in"),
      notice && el("p", { class: "notice", id: "notice" }, notice),
      form.node,
    ),
  };
}

/** Seeing what one types prevents more failed sign-ins than hiding it prevents glances. @param {HTMLInputElement} input */
function reveal(input) {
  /** @param {Event & { currentTarget: HTMLInputElement }} event */
  const onchange = (event) => (input.type = event.currentTarget.checked ? "text" : "password");
  return el("label", { class: "check" }, el("input", { type: "checkbox", onchange }), " Show password");
}
