/** The name of a page, with its sign: a path on a grid of 32. */
interface Props {
  readonly name: string;
  readonly path: string;
  readonly size?: "md" | "lg";
}

export function Brand({ name, path, size = "md" }: Props) {
  const pixels = size === "lg" ? 40 : 28;
  return (
    <span className={`brand brand-${size}`}>
      <svg width={pixels} height={pixels} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="8" fill="#3b5bdb" />
        <path d={path} fill="none" stroke="#fff" strokeWidth="3.5" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      <span>{name}</span>
    </span>
  );
}
