/** Where a page is broken, it says so: it would be blank otherwise. */
import { Component, type ReactNode } from "react";
import { Failure } from "./failure.tsx";

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly error: unknown;
}

export class Boundary extends Component<Props, State> {
  override readonly state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <main className="narrow">
        <Failure error={this.state.error} onRetry={() => location.reload()} />
      </main>
    );
  }
}
