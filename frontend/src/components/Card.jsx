/** @param {{ id: string, title: string, children: import("react").ReactNode }} props */
export function Card({ id, title, children }) {
  return (
    <section className="card" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} tabIndex={-1}>{title}</h2>
      {children}
    </section>
  );
}

/** Pairs of a term and what it is; those without a value are left out. @param {{ of: [string, import("react").ReactNode][] }} props */
export function Facts({ of }) {
  return (
    <dl className="facts">
      {of.filter(([, value]) => value).map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
