import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.component.LifeCycle;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * Starts AWS's DynamoDB Local on the loopback address. AWS's own main class listens on every interface and does not close its
 * files at SIGTERM. Java compiles this file at each start: `java DynamoDbLocal.java owner=<text> [<folder>]`.
 */
public class DynamoDbLocal {
  /** Prints "port=<n>" once the server listens. Keeps the data in memory, unless the second argument names a folder. */
  public static void main(String[] args) throws Exception {
    String folder = args.length > 1 ? args[1] : null;
    boolean isInMemory = folder == null;
    // In a folder, all regions and access keys share one database. In memory, each access key has its own: a database gets
    // slow when many tables with streams have been in it, and one test file after another would make that happen.
    boolean isShared = !isInMemory;
    // Tables change their state at once.
    boolean hasDelays = false;
    var database = new LocalDynamoDBRequestHandler(0, isInMemory, folder, isShared, hasDelays);
    String originsForCors = null;
    var handler = new LocalDynamoDBServerHandler(database, originsForCors);

    var server = new Server();
    // This handler counts the running requests, so that the server waits for them before it stops.
    server.setHandler(new GracefulHandler(handler));
    server.setStopAtShutdown(true);
    server.setStopTimeout(5000);
    server.addEventListener(new LifeCycle.Listener() {
      /** Closes the files after the last response. */
      @Override
      public void lifeCycleStopped(LifeCycle stopped) {
        handler.close();
      }
    });

    var connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    // The operating system chooses a free port.
    connector.setPort(0);
    server.addConnector(connector);
    server.start();
    System.out.println("port=" + connector.getLocalPort());
  }
}
