/** The task manager: its service and endpoints, by name. */
export { projectActivity, taskActivity } from "./activity.ts";
export { bulkChangeTasks, bulkDeleteTasks } from "./bulk.ts";
export { addComment, changeComment, comments, deleteComment } from "./comments.ts";
export {
  acceptInvitation,
  declineInvitation,
  invitations,
  invite,
  projectInvitations,
  withdrawInvitation,
} from "./invitations.ts";
export { changeLabel, createLabel, deleteLabel, labels } from "./labels.ts";
export { addMember, changeMember, members, removeMember } from "./members.ts";
export { tasks } from "./model.ts";
export { notificationCount, notifications, readNotifications } from "./notifications.ts";
export { changeProject, counts, createProject, deleteProject, project, projects } from "./projects.ts";
export { endRecurrence, occurrences, recurrence, setRecurrence } from "./recurrence.ts";
export { addReminder, myReminders, remind, reminders, removeReminder } from "./reminders.ts";
export { myTasks, projectTasks, searchTasks } from "./task-lists.ts";
export { changeTask, createTask, deleteTask, moveTask, task } from "./tasks.ts";
export { changeWorkLog, deleteWorkLog, logWork, workLogs, workTotals } from "./work-logs.ts";
