// npm runs this file after an installation, with whatever Node.js is there. So it must run on very old versions too.
var oldest = [20, 19];
var version = process.versions.node.split('.').map(Number);
if (version[0] < oldest[0] || (version[0] === oldest[0] && version[1] < oldest[1])) {
  console.error(
    'Node.js ' +
      oldest.join('.') +
      ' or later is needed, and this is ' +
      process.version +
      ': get it from https://nodejs.org',
  );
  process.exit(1);
}
