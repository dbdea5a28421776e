import { Action } from "../components/Action.jsx";
import { announce } from "../components/Announcer.jsx";
import { Card } from "../components/Card.jsx";
import { Failed } from "../components/Failed.jsx";
import { useRequest, useResource } from "../components/useResource.js";
import { useAuth } from "../contexts/AuthContext.jsx";
import { instant, relative } from "../text/format.js";

/** @typedef {{ id: string, device: string, ip: string, created_at: string, last_used_at: string | null, expires_at: string, current: boolean }} TrustedDevice */

/** Browsers that are asked for no code; nothing where there is no such thing, or no second factor. */
export function TrustedDevices() {
  const { user } = useAuth();
  return user?.mfa_enabled && <List />;
}

function List() {
  const request = useRequest();
  const { data: factors } = useResource("/api/auth/2fa");
  const { data, error, reload } = useResource("/api/auth/trusted-devices");
  /** @type {TrustedDevice[]} */
  const devices = data?.trusted_devices ?? [];
  if (!error && devices.length === 0 && !factors?.trusted_devices_days) return null;

  /** @param {TrustedDevice} device */
  async function forget({ id }) {
    await request("DELETE", `/api/auth/trusted-devices/${encodeURIComponent(id)}`).catch((error) => {
      if (error.status !== 404) throw error;
    });
    announce("That browser is asked for a code again.");
    await reload();
    document.getElementById("trusted-title")?.focus(); // the button pressed is gone
  }

  return (
    <Card id="trusted" title="Trusted browsers">
      {error && <Failed error={error} reload={reload} />}
      {data && devices.length === 0 && <p className="hint">None. When you enter a code at sign-in, you may choose not to be asked again in that browser.</p>}
      {devices.length > 0 && (
        <>
          <p className="hint">These sign in with your password alone.</p>
          <ul className="sessions">
            {devices.map((device) => (
              <li key={device.id} data-device-id={device.id}>
                <div className="about">
                  <p>
                    <span className="device">{device.device || "Unknown browser"}</span>
                    {device.current && <span className="badge">This browser</span>}
                  </p>
                  <p className="hint">
                    {device.ip && `${device.ip} · `}last used {relative(device.last_used_at ?? device.created_at, Date.now())}
                  </p>
                  <p className="hint">until {instant(device.expires_at)}</p>
                </div>
                <div className="actions">
                  <Action label="Remove" busyLabel="Removing…" name={`Remove from trusted browsers: ${device.device}, since ${instant(device.created_at)}`} kind="danger" run={() => forget(device)} />
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}
