/** Answers of backstage.py, which run.mjs starts. @param {string} path @param {RequestInit} [init] @returns {Promise<any>} */
export async function askBackstage(path, init) {
  const answer = await fetch(`${process.env.BACKSTAGE}${path}`, init);
  if (!answer.ok) throw new Error(`backstage: ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
