import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../..");
const QUERY = `
import asyncio, asyncpg, json, os, sys
async def main():
    db = await asyncpg.connect(os.environ["DATABASE_URL"])
    rows = await db.fetch("SELECT type, count(*) AS n FROM audit_log WHERE session_id = $1 GROUP BY type", sys.argv[1])
    print(json.dumps({row["type"]: row["n"] for row in rows}))
    await db.close()
asyncio.run(main())
`;

/** What the audit holds of a session, by type of event. @param {string} sessionId @returns {Promise<Record<string, number>>} */
export async function eventsOf(sessionId) {
  const python = process.env.PYTHON ?? join(ROOT, ".venv/bin/python");
  const { stdout } = await promisify(execFile)(python, ["-c", QUERY, sessionId]);
  return JSON.parse(stdout);
}
