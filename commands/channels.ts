/**
 * Runs the command line of the client, as `npm run -s channels`. npm runs a script in the folder of the project. So this goes
 * back to the folder in which npm was called: there are the files that a person names.
 */
process.chdir(process.env.INIT_CWD ?? '.');
await import('../client/command-line/main.ts');
