/** A code of either kind, where one who is signed in proves a second factor. @type {import("./Form.jsx").FieldOptions} */
export const CODE = {
  name: "code",
  label: "Code",
  hint: "Six digits of your authenticator app, or a recovery code.",
  missing: "Enter the code.",
  invalid: "Enter the six digits your app shows.",
  blamedFor: "mfa_code_invalid",
  wrong: "That code was not accepted. Each code works once: wait for the next one.",
  input: { type: "text", className: "code", autoComplete: "one-time-code", autoCapitalize: "none", spellCheck: false },
};
