/** Calls about projects and who and what is in them. */
import type * as invitationCalls from "../../../invitations.ts";
import type * as labelCalls from "../../../labels.ts";
import type * as memberCalls from "../../../members.ts";
import type * as projectCalls from "../../../projects.ts";
import { type Answered, endpoint } from "./fetch.ts";

export const projects = endpoint<typeof projectCalls.projects>("GET /tasks/projects");
export const createProject = endpoint<typeof projectCalls.createProject>("POST /tasks/projects");
export const project = endpoint<typeof projectCalls.project>("GET /tasks/projects/:project");
export const changeProject = endpoint<typeof projectCalls.changeProject>("PATCH /tasks/projects/:project");
export const deleteProject = endpoint<typeof projectCalls.deleteProject>("DELETE /tasks/projects/:project");

export const members = endpoint<typeof memberCalls.members>("GET /tasks/projects/:project/members");
export const changeMember = endpoint<typeof memberCalls.changeMember>(
  "PATCH /tasks/projects/:project/members/:account",
);
export const removeMember = endpoint<typeof memberCalls.removeMember>(
  "DELETE /tasks/projects/:project/members/:account",
);

export const labels = endpoint<typeof labelCalls.labels>("GET /tasks/projects/:project/labels");
export const createLabel = endpoint<typeof labelCalls.createLabel>("POST /tasks/projects/:project/labels");

export const invite = endpoint<typeof invitationCalls.invite>("POST /tasks/projects/:project/invitations");
export const withdrawInvitation = endpoint<typeof invitationCalls.withdrawInvitation>(
  "DELETE /tasks/projects/:project/invitations/:invitation",
);
export const projectInvitations = endpoint<typeof invitationCalls.projectInvitations>(
  "GET /tasks/projects/:project/invitations",
);
export const invitations = endpoint<typeof invitationCalls.invitations>("GET /tasks/invitations");
export const acceptInvitation = endpoint<typeof invitationCalls.acceptInvitation>(
  "POST /tasks/invitations/:invitation/accept",
);
export const declineInvitation = endpoint<typeof invitationCalls.declineInvitation>(
  "POST /tasks/invitations/:invitation/decline",
);

export type Project = Answered<typeof projectCalls.project>;
export type Member = Answered<typeof memberCalls.members>[number];
export type Label = Answered<typeof labelCalls.labels>[number];
export type Invitation = Answered<typeof invitationCalls.invitations>[number];
export type OpenInvitation = Answered<typeof invitationCalls.projectInvitations>[number];
export type Role = Project["role"];
