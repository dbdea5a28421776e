import { AuthError, errorFrom } from "./errors.js";

/**
 * @typedef {import("./client.js").AuthClient} AuthClient
 * @typedef {{ id: string, name: string, created_at: string, last_used_at: string | null, backed_up: boolean, transports: string[] }} Passkey
 * @typedef {ReturnType<typeof createPasskeys>} Passkeys
 */

/** A question to a passkey is good for five minutes. */
const ASKED_AGAIN_MS = 240_000;

/** @param {string} text base64url */
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
/** @param {ArrayBuffer} buffer */
const base64url = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

/** What browsers without `parse…OptionsFromJSON` need. @param {any} options as the service wrote them */
function parsed({ challenge, user, excludeCredentials, allowCredentials, ...others }) {
  const named = (/** @type {any[] | undefined} */ list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...others,
    challenge: bytes(challenge),
    ...(user && { user: { ...user, id: bytes(user.id) } }),
    excludeCredentials: named(excludeCredentials),
    allowCredentials: named(allowCredentials),
  };
}

/** What credentials without `toJSON` say. @param {any} credential */
function written({ id, rawId, type, response }) {
  const said = Object.fromEntries(
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].flatMap((name) => (response[name] ? [[name, base64url(response[name])]] : [])),
  );
  return { id, rawId: base64url(rawId), type, response: { ...said, transports: response.getTransports?.() ?? [] } };
}

/**
 * What the browser's refusal means: `aborted` is the person's choice, and no failure.
 * @param {any} cause a DOMException @returns {AuthError}
 */
function refusal(cause) {
  if (cause.name === "NotAllowedError") return new AuthError("aborted", { code: "passkey_cancelled", cause });
  if (cause.name === "AbortError" || cause.name === "TimeoutError") return new AuthError("aborted", { cause });
  if (cause.name === "InvalidStateError") return new AuthError("credentials", { code: "passkey_exists", cause });
  return new AuthError("config", { code: "passkey_unavailable", cause }); // an address that can have none, mostly
}

/**
 * Passkeys for a client: signing in by them, and keeping them. A module of its own, for pages that use it. Rejects with
 * an AuthError; of kind `aborted` where the person chose otherwise.
 * @param {Pick<AuthClient, "adopt" | "fetch" | "getAccessToken">} auth
 * @param {typeof globalThis} host tests bring their own browser
 */
export function createPasskeys(auth, host = globalThis) {
  const kind = () => /** @type {any} */ (host.PublicKeyCredential);

  /** @param {"create" | "get"} deed @param {any} options @param {object} [how] */
  async function ask(deed, options, how) {
    const parse = deed === "create" ? "parseCreationOptionsFromJSON" : "parseRequestOptionsFromJSON";
    try {
      const publicKey = kind()[parse]?.(options) ?? parsed(options);
      const credential = /** @type {any} */ (await host.navigator.credentials[deed]({ publicKey, ...how }));
      return credential.toJSON?.() ?? written(credential);
    } catch (cause) {
      throw refusal(cause);
    }
  }

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  async function request(method, path, body) {
    const headers = /** @type {Record<string, string>} */ (body ? { "Content-Type": "application/json" } : {});
    const answer = await auth.fetch(`/api/auth/passkeys${path}`, { method, headers, body: body && JSON.stringify(body) }).catch((cause) => {
      throw cause instanceof TypeError ? new AuthError("network", { cause }) : cause;
    });
    if (!answer.ok) throw await errorFrom(answer, host.Date.now());
    return answer.status === 204 ? null : answer.json();
  }

  /**
   * Asks for what is to be answered, has it answered, and sends the answer.
   * @param {string} path @param {(cookie: boolean, mfaToken: string) => object} about what both requests say besides
   * @param {{ signal?: AbortSignal, mediation?: string, bearer?: boolean }} [how]
   */
  const show = (path, about, { signal, bearer, ...how } = {}) =>
    auth.adopt(async (call, mfaToken, cookie) => {
      const given = async () => ({ signal, ...(bearer && { headers: { Authorization: `Bearer ${await auth.getAccessToken()}` } }) });
      const { body } = await call(`${path}/options`, about(false, mfaToken), await given());
      const credential = await ask("get", body.options, { signal, ...how });
      return call(path, { ...about(cookie, mfaToken), credential }, await given());
    });

  const inMode = (/** @type {boolean} */ cookie) => (cookie ? { cookie } : {});

  return {
    /** Whether this browser has passkeys at all. */
    get isSupported() {
      return !!kind() && !!host.navigator.credentials;
    },
    /** Whether it offers them while somebody fills in a form: an input with `autocomplete="username webauthn"`. @returns {Promise<boolean>} */
    canAutofill: async () => !!(await kind()?.isConditionalMediationAvailable?.().catch(() => false)),
    /**
     * Signs in, without a password. `conditional`: waits for whoever picks a passkey where the browser offers it.
     * @param {{ signal?: AbortSignal, conditional?: boolean }} [options]
     */
    async signIn({ signal, conditional } = {}) {
      if (!conditional) return show("login/passkey", inMode, { signal });
      for (;;) {
        const late = AbortSignal.timeout(ASKED_AGAIN_MS);
        try {
          return await show("login/passkey", inMode, { mediation: "conditional", signal: signal ? AbortSignal.any([signal, late]) : late });
        } catch (error) {
          if (!late.aborted || signal?.aborted) throw error;
        }
      }
    },
    /** Goes on with a sign-in that waits for its second factor. @param {{ signal?: AbortSignal }} [options] */
    verify: ({ signal } = {}) => show("verify-2fa/passkey", (_, mfa_token) => ({ mfa_token }), { signal }),
    /** Proves again who is signed in, where an action wants that (`step_up_required`). @param {{ signal?: AbortSignal }} [options] */
    stepUp: ({ signal } = {}) => show("step-up/passkey", inMode, { signal, bearer: true }),
    /** Makes one on this device, or on one nearby. @param {string} [name] @returns {Promise<Passkey>} */
    async add(name) {
      const { options } = await request("POST", "/options");
      return request("POST", "", { credential: await ask("create", options), ...(name && { name }) });
    },
    /** @returns {Promise<Passkey[]>} the oldest first */
    list: async () => (await request("GET", "")).passkeys,
    /** @param {string} id @param {string} name @returns {Promise<Passkey>} */
    rename: (id, name) => request("PATCH", `/${encodeURIComponent(id)}`, { name }),
    /** @param {string} id @returns {Promise<null>} */
    remove: (id) => request("DELETE", `/${encodeURIComponent(id)}`),
  };
}
