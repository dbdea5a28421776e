import { announce } from "../components/Announcer.jsx";
import { useRequest } from "../components/useResource.js";
import { ReasonDialog } from "./ReasonDialog.jsx";

/** For the day when something has leaked. @param {{ close: () => void }} props */
export function EndEverybody({ close }) {
  const request = useRequest();

  /** @param {Record<string, string>} typed */
  async function end({ reason = "" }) {
    const { ended } = await request("POST", "/api/admin/revoke-sessions", { reason: reason.trim() });
    announce(`${ended} sessions are ended.`);
    close();
  }

  return (
    <ReasonDialog
      title="Sign everybody out?"
      label="Sign everybody out"
      kind="danger"
      run={end}
      close={close}
      fields={[{ name: "understood", label: "I understand that everybody has to sign in again, I too", missing: "Tick this to go on.", input: { type: "checkbox" } }]}
    >
      Every session of every account ends at once, on all devices. Do this when tokens or keys have leaked.
    </ReasonDialog>
  );
}
