import { useEffect, useRef } from "react";

/** A screen's title takes the focus when the screen comes, so that a screen reader starts there. @param {{ children: string, autoFocus?: boolean }} props */
export function Heading({ children, autoFocus = true }) {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    document.title = `${children} · Inphora`;
    if (autoFocus) heading.current?.focus();
  }, [children, autoFocus]);
  return <h1 ref={heading} tabIndex={-1}>{children}</h1>;
}
