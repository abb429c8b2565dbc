/** The name of the page, with its sign. */
export function Brand({ size = "md" }: { readonly size?: "md" | "lg" }) {
  const pixels = size === "lg" ? 40 : 28;
  return (
    <span className={`brand brand-${size}`}>
      <svg width={pixels} height={pixels} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="#3b5bdb" />
        <path
          d="m9 16.5 5 5L23.5 11"
          fill="none"
          stroke="#fff"
          strokeWidth="3.5"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      <span>Tasks</span>
    </span>
  );
}
