/** The name of the page, with its sign. */
import { Brand as Sign } from "lineshaft-web-shared/parts/brand.tsx";

export function Brand({ size = "md" }: { readonly size?: "md" | "lg" }) {
  return <Sign name="Chat" path="M8 9h16v11h-9l-5 4.5V20H8z" size={size} />;
}
