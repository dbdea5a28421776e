import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { until } from "./until.mjs";

/** Where `dev` keeps what it would have sent. */
const DIRECTORY = join(process.env.DATA_DIR ?? "", "mail");

/**
 * The path and the token of the latest link of one kind that was mailed to somebody.
 * @param {string} email @param {string} path such as "/reset" @param {string} [other] a link that was there before
 * @returns {Promise<string>}
 */
export async function linkIn(email, path, other = "") {
  const pattern = new RegExp(`${path}#token=[\\w.~-]+`);
  const look = async () => (await mailsTo(email)).flatMap((text) => pattern.exec(text) ?? []).filter((link) => link !== other);
  const links = await until(look, ({ length }) => length > 0);
  return /** @type {string} */ (links.at(-1));
}

/** The oldest first. @param {string} email @returns {Promise<string[]>} */
async function mailsTo(email) {
  const names = (await readdir(DIRECTORY).catch(() => [])).filter((name) => name.endsWith(".eml")).sort();
  const mails = await Promise.all(names.map((name) => readFile(join(DIRECTORY, name), "utf8")));
  return mails.filter((mail) => new RegExp(`^To:.*${email.replace(/[.+]/g, "\\$&")}`, "im").test(mail)).map(readable);
}

/** RFC 2045: bodies as they were before they were made fit for mail. @param {string} mail @returns {string} */
function readable(mail) {
  const unfolded = mail.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const encoded = [...mail.matchAll(/base64[^]*?\r?\n\r?\n([A-Za-z0-9+/=\r\n]+)/g)].map(([, body = ""]) => Buffer.from(body, "base64").toString());
  return [unfolded, ...encoded].join("\n");
}
