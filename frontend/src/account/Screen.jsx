import { Heading } from "../components/Heading.jsx";
import { follow, useAddress } from "../components/useAddress.js";

/**
 * One of the screens around an account: a title, what there is to do or to know, and where to go from there.
 * @param {{ title: string, children: import("react").ReactNode, links?: [string, string][] }} props `links`: address and text
 */
export function Screen({ title, children, links = [["/", "Go to sign-in"]] }) {
  const { go } = useAddress();
  return (
    <div className="card narrow">
      <Heading>{title}</Heading>
      <div className="stack">{children}</div>
      {links.length > 0 && <p className="links">{links.map(([href, text]) => <a key={href} href={href} onClick={follow(go)}>{text}</a>)}</p>}
    </div>
  );
}

/** A mail is on its way, or is not, and neither is told. @param {{ title?: string, children: import("react").ReactNode }} props */
export function CheckMail({ title = "Check your mail", children }) {
  return (
    <Screen title={title}>
      {children}
      <p className="hint">Nothing there after some minutes? Look among unwanted mail, and whether you wrote the address as usual.</p>
    </Screen>
  );
}

/** @type {import("../components/Form.jsx").FieldOptions} */
export const EMAIL = {
  name: "email",
  label: "E-mail address",
  missing: "Enter your e-mail address.",
  invalid: "Enter a complete e-mail address, like name@example.com.",
  input: { type: "email", autoComplete: "username", inputMode: "email", autoCapitalize: "none", spellCheck: false },
};
