/** What the lab page puts on its window. */
interface Window {
  auth: import("../../src/auth/client.js").AuthClient;
  createAuthClient: typeof import("../../src/services/authService.js").createAuthClient;
  offset_ms?: number;
  log: [number, string, string | null][];
  go: <T>(work: () => Promise<T>) => Promise<{ value?: T; error?: { kind: string; code: string; name: string } }>;
}
