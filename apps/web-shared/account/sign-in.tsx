/** Sign in or sign up. */

import type { Problem } from "@lineshaft/client";
import { Anchor, Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { Failure } from "../parts/failure.tsx";
import { tellDone, tellFailed } from "../parts/notices.tsx";
import { asProblem, fieldError } from "../parts/problem.ts";
import { useSession } from "./session.tsx";

/** What differs from page to page. */
export interface Entrance {
  readonly brand: ReactNode;
  /** What the page is for, to those who come back and to those who are new. */
  readonly purpose: string;
  readonly invitation: string;
}

export function SignIn({ entrance }: { readonly entrance: Entrance }) {
  const [isNew, setNew] = useState(false);
  return (
    <main className="entrance">
      {entrance.brand}
      <Paper className="entrance-card" withBorder shadow="sm" p="xl" radius="lg">
        <Title order={1} size="h3">
          {isNew ? "Create an account" : "Sign in"}
        </Title>
        <Text c="dimmed" size="sm" mt={4} mb="lg">
          {isNew ? entrance.invitation : entrance.purpose}
        </Text>
        <SignInForm key={String(isNew)} isNew={isNew} />
      </Paper>
      <Text size="sm">
        {isNew ? "You have an account? " : "New here? "}
        <Anchor component="button" type="button" fw={600} size="sm" underline="always" onClick={() => setNew(!isNew)}>
          {isNew ? "Sign in" : "Create an account"}
        </Anchor>
      </Text>
    </main>
  );
}

function useSignIn(isNew: boolean) {
  const { client, renew } = useSession();
  const { accounts } = client;
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    const { email = "", password = "", name = "" } = values;
    setBusy(true);
    setProblem(null);
    try {
      await (isNew ? accounts.signUp({ email, password, name }) : accounts.signIn({ email, password }));
      renew();
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return { problem, isBusy, submit };
}

function SignInForm({ isNew }: { readonly isNew: boolean }) {
  const { problem, isBusy, submit } = useSignIn(isNew);
  const [email, setEmail] = useState("");
  const isAboutField = ["email", "password", "name"].some((name) => fieldError(problem, name) !== null);
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        {problem !== null && !isAboutField && <Failure error={problem} />}
        {isNew && (
          <TextInput
            name="name"
            label="Name"
            autoComplete="name"
            required
            maxLength={100}
            error={fieldError(problem, "name")}
          />
        )}
        <TextInput
          name="email"
          type="email"
          label="E-mail"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          error={fieldError(problem, "email")}
        />
        <PasswordInput
          name="password"
          label="Password"
          description={isNew ? "At least 8 characters" : undefined}
          autoComplete={isNew ? "new-password" : "current-password"}
          required
          minLength={isNew ? 8 : 1}
          maxLength={128}
          error={fieldError(problem, "password")}
          visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
        />
        <Button type="submit" loading={isBusy} fullWidth mt="xs">
          {isNew ? "Create account" : "Sign in"}
        </Button>
        {!isNew && <Forgotten email={email} />}
      </Stack>
    </form>
  );
}

function Forgotten({ email }: { readonly email: string }) {
  const { client } = useSession();
  const send = async () => {
    if (email === "") return tellFailed("Fill in your e-mail address first", new Error());
    try {
      await client.accounts.forgotPassword({ email });
      tellDone("If there is such an account, a mail with a link is on its way");
    } catch (error) {
      tellFailed("The mail could not be sent", error);
    }
  };
  return (
    <Anchor component="button" type="button" size="sm" ta="center" underline="always" onClick={() => void send()}>
      Forgot the password?
    </Anchor>
  );
}
