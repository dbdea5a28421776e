import { useLayoutEffect, useRef, useState } from "react";

/** How wide an element is, px; 0 before it is known. @returns {[import("react").RefObject<HTMLDivElement | null>, number]} */
export function useWidth() {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const measure = () => setWidth(Math.floor(current.getBoundingClientRect().width));
    const observer = new ResizeObserver(() => requestAnimationFrame(measure));
    measure();
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
