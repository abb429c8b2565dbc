/** The name of the page, with its sign. */
import { Brand as Sign } from "lineshaft-web-shared/parts/brand.tsx";

export function Brand({ size = "md" }: { readonly size?: "md" | "lg" }) {
  return <Sign name="Tasks" path="m9 16.5 5 5L23.5 11" size={size} />;
}
