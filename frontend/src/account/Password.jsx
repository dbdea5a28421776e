import { announce } from "../components/Announcer.jsx";
import { Form } from "../components/Form.jsx";
import { usePassword } from "../components/usePassword.jsx";
import { useRequest } from "../components/useResource.js";
import { useSettings } from "../components/useSettings.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { Opener } from "./Opener.jsx";
import { useNewPassword } from "./useNewPassword.jsx";

/** Choosing another password. */
export function Password() {
  return <Opener label="Change password…">{(close) => <Change close={close} />}</Opener>;
}

/** @param {{ close: () => void }} props */
function Change({ close }) {
  const { user } = useAuth();
  const request = useRequest();
  const settings = useSettings();
  const min = (user?.mfa_enabled ? settings?.password_min_length_with_mfa : settings?.password_min_length) ?? 15;
  const current = usePassword({ name: "current_password", label: "Current password", missing: "Enter your current password.", wrong: "That is not your password.", input: { autoFocus: true } });
  const chosen = useNewPassword({ name: "new_password", min });

  /** @param {Record<string, string>} passwords */
  async function change({ current_password, new_password }) {
    await request("POST", "/api/auth/password/change", { current_password, new_password });
    announce("Your password is changed. Your other devices are signed out.");
    close();
  }

  return (
    <Form
      submitLabel="Change password"
      busyLabel="Changing…"
      submit={change}
      under={<button type="button" className="link" onClick={close}>Not now</button>}
      fields={[current, chosen]}
    />
  );
}
