// Loads a bundle, sends it one event, and prints the CPU time (user and system, all threads) that the process had used
// when the function was ready, and when it had answered. This file is JavaScript, because TypeScript would take time to load.
const [, , file, event] = process.argv;

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const measure = async () => {
  const { handler } = require(file);
  const readyMs = cpuMs();
  const { statusCode } = await handler(JSON.parse(event), { awsRequestId: 'bench' });
  const answeredMs = cpuMs();
  process.stdout.write(`${JSON.stringify({ statusCode, readyMs, answeredMs })}\n`, () => process.exit());
};

measure();
