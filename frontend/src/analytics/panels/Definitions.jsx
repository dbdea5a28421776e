/**
 * What the numbers of a chart mean, and the SQL that makes them. @param {{ metrics: string[], registry: any[] | null,
 *   versions?: Record<string, number> }} props `versions`: those that the numbers at hand were made with
 */
export function Definitions({ metrics, registry, versions }) {
  const found = registry?.filter(({ name }) => metrics.includes(name)) ?? [];
  if (found.length === 0) return <p className="hint note" role="status">{registry ? "The service has no definition of these." : "Loading the definitions…"}</p>;
  return (
    <div className="definitions">
      {found.map(({ name, version, unit, definition, sql }) => (
        <article key={name}>
          <h3><code>{name}</code> <span className="hint">version {versions?.[name] ?? version} · {unit}</span></h3>
          <p>{definition}</p>
          <pre tabIndex={0} role="region" aria-label={`SQL of ${name}`}><code>{sql}</code></pre>
        </article>
      ))}
      <p className="hint">As it is asked without a breakdown; <code>:edges</code> are the ends of the windows. <code>stickiness</code> and other quotients name the two metrics they are made of.</p>
    </div>
  );
}
