/** What comes for a while has the focus, and gives it back: so it is never nowhere. */
import { type RefObject, useLayoutEffect } from "react";

/**
 * When `box` goes and has the focus, that goes back to where it was before.
 *
 * @param orTo  A selector: what around the box gets it when that is gone, too.
 */
export function useFocusBack(box: RefObject<HTMLElement | null>, orTo = "body"): void {
  useLayoutEffect(() => {
    const own = box.current;
    const before = document.activeElement;
    return () => {
      if (!own?.contains(document.activeElement)) return;
      const next = before !== document.body && before?.isConnected ? before : own.closest(orTo);
      (next as HTMLElement | null)?.focus();
    };
  }, [box, orTo]);
}
