/**
 * The shapes that the client's modules share. Types only. Instants end in `_ms`, by this machine's clock.
 *
 * @typedef {{ id: string, email: string, name: string | null, roles: string[], mfa_enabled: boolean, created_at: string }} User
 *
 * @typedef {{ access: string, refresh: string, sid: string, user: User, expires_ms: number, lifetime_ms: number }} Session
 *   `refresh` is empty in cookie mode, and `access` too in what is kept there
 *
 * @typedef {{ owner: string, until_ms: number, queued: boolean }} Lease `queued`: its owner held the Web Lock
 * @typedef {{ at_ms: number, failures: number, hard: boolean, kind: ErrorKind, code: string }} Retry why the last
 *   refresh failed, and when the next may be tried; `hard`: the service named that time itself
 * @typedef {{ version: number, fence: number, session: any, ended: string | null, lease: Lease | null,
 *   retry: Retry | null, leaving?: boolean }} Entry what all tabs agree on. `version` moves with every change of the
 *   session, `fence` with every lease; `session` is as the storage sealed it; `leaving`: signed out here, and the
 *   service could not be told yet (cookie mode)
 *
 * @typedef {(entry: Entry) => Entry | undefined} Change undefined leaves the entry as it is
 * @typedef {object} Storage
 * @property {boolean} shared whether other tabs see the same entry
 * @property {boolean} [cookie] whether the refresh token is the browser's to keep
 * @property {() => Promise<Entry>} read
 * @property {(change: Change) => Promise<Entry>} update in one transaction; answers the entry as it then stands
 * @property {(session: Session) => Promise<any> | any} seal
 * @property {(sealed: any) => Promise<Session | null> | Session | null} open null for what it cannot open
 * @property {() => void} [close]
 * @property {import("./errors.js").AuthError} [trouble] why it keeps less than was asked for
 *
 * @typedef {"network" | "timeout" | "aborted" | "rate_limited" | "server" | "protocol" | "credentials" | "mfa_required"
 *   | "session_ended" | "forbidden" | "storage" | "config"} ErrorKind
 *
 * @typedef {"initializing" | "anonymous" | "authenticated" | "degraded" | "expired"} Status
 * @typedef {{ methods: string[], expires_ms: number }} Challenge a sign-in that waits for its second factor
 * @typedef {Readonly<{ status: Status, user: User | null, sessionId: string | null, expiresAt: number | null,
 *   challenge: Challenge | null, error: import("./errors.js").AuthError | null, code: string | null }>} AuthState
 *   `expiresAt` (ms) of the access token; `code`: why the session ended; `error`: why it is degraded, or ended
 *
 * @typedef {typeof globalThis} Host the browser; tests bring their own
 *
 * @typedef {object} AuthOptions
 * @property {string} [baseUrl] of the service; default: this page's origin
 * @property {string} [namespace] keeps two products on one origin apart
 * @property {"idb" | "web" | "session" | "cookie" | "memory" | Storage} [storage] default "idb"
 * @property {"off" | "preferred" | "required"} [encrypt] tokens at rest; default "preferred"
 * @property {string[]} [origins] others that may see the access token
 * @property {number} [leeway] seconds before the end at which a token is renewed; never more than a fifth of its life
 * @property {number} [timeout] ms that a request to the service may take
 * @property {boolean} [backgroundRefresh] renew ahead of time in hidden tabs too
 * @property {typeof globalThis.fetch} [fetch]
 */

export {};
