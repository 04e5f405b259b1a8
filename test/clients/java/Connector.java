import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openapitools.client.ApiException;
import org.openapitools.client.ApiResponse;
import org.openapitools.client.api.ChannelsApi;
import org.openapitools.client.model.ChangeRow;
import org.openapitools.client.model.Channel;
import org.openapitools.client.model.ChannelAnswer;
import org.openapitools.client.model.ChannelChange;
import org.openapitools.client.model.ChannelCreation;
import org.openapitools.client.model.ChannelListAnswer;
import org.openapitools.client.model.ChannelUpsert;
import org.openapitools.client.model.ChannelUpsertAnswer;
import org.openapitools.client.model.ChannelVersion;
import org.openapitools.client.model.UpsertResult;
import org.openapitools.client.model.UpsertRow;

/** Does what a connector does, and prints a report in JSON. The two Java clients differ only in their `Setup`. */
public class Connector {
  static final ChannelsApi channels =
      new ChannelsApi(Setup.client(System.getenv("API_URL"), System.getenv("API_KEY")));

  static ChannelListAnswer list(
      Long perPage, String cursor, String sortBy, Long updatedAfter, List<String> externalIds) throws ApiException {
    return channels.listChannels(
        null, null, null, perPage, cursor, null, null, sortBy, null, null, null, null, null, updatedAfter, null, null,
        externalIds, null, null);
  }

  static List<String> names(ChannelListAnswer answer) {
    return answer.getData().stream().map(Channel::getName).toList();
  }

  static List<String> readAll() throws ApiException {
    List<String> all = new ArrayList<>();
    String cursor = null;
    do {
      ChannelListAnswer page = list(2L, cursor, null, null, null);
      all.addAll(names(page));
      cursor = page.getPagination().getNextCursor();
    } while (cursor != null);
    return all;
  }

  static String etag(ApiResponse<?> response) {
    return response.getHeaders().entrySet().stream()
        .filter(header -> header.getKey().equalsIgnoreCase("etag"))
        .findFirst()
        .orElseThrow()
        .getValue()
        .get(0);
  }

  interface Call {
    Object send() throws ApiException;
  }

  static Map<String, Object> errorOf(Call call) {
    try {
      call.send();
    } catch (ApiException error) {
      return Setup.describe(error.getCode(), error.getResponseBody());
    }
    throw new AssertionError("There was no error.");
  }

  static Map<String, Object> describe(Channel channel) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("name", channel.getName());
    described.put("local_name", channel.getLocalName());
    described.put("external_id", channel.getIntegrationMeta().get("external_id"));
    return described;
  }

  static UpsertRow row(String externalId) {
    return new UpsertRow().integrationMeta(Map.of("external_id", externalId));
  }

  static Map<String, Object> upsert(UpsertRow... rows) throws ApiException {
    ChannelUpsert body =
        new ChannelUpsert().channels(List.of(rows)).where(Map.of("integration_meta.source", "sap"));
    ChannelUpsertAnswer answer = channels.upsertChannels(body, null, null);
    List<List<Object>> results = new ArrayList<>();
    for (UpsertResult result : answer.getData()) {
      String name = result.getChannel() == null ? null : result.getChannel().getName();
      results.add(Arrays.asList(result.getResult(), name, result.getCode()));
    }
    return Map.of("rows", results, "failed", answer.getSummary().getFailed());
  }

  static List<List<Object>> changesSince(String cursor) throws ApiException {
    List<List<Object>> changes = new ArrayList<>();
    for (ChangeRow change : channels.readChanges(null, null, cursor, 2L, null).getData()) {
      String subject = change.getChannel() == null ? change.getId() : change.getChannel().getName();
      changes.add(List.of(change.getType(), subject));
    }
    return changes;
  }

  static List<List<Object>> historyOf(String id) throws ApiException {
    List<List<Object>> versions = new ArrayList<>();
    for (ChannelVersion version : channels.readHistory(id, null, null, null, null).getData()) {
      String name = version.getChannel() == null ? null : version.getChannel().getName();
      versions.add(Arrays.asList(version.getType(), name));
    }
    return versions;
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("all", readAll());
    report.put("one_external_id", names(list(null, null, null, null, List.of("ERP-1"))));
    report.put("two_external_ids", names(list(null, null, null, null, List.of("ERP-1", "ERP-2"))));
    long in2023 = Instant.parse("2023-11-14T22:13:20Z").toEpochMilli();
    report.put("sorted", names(list(null, null, "[{\"field\":\"name\",\"type\":\"desc\"}]", in2023, null)));

    ChannelCreation creation =
        new ChannelCreation()
            .name("Retail Channel")
            .localName("قناة التجزئة")
            .integrationMeta(Map.of("external_id", "R-1"));
    ApiResponse<ChannelAnswer> created = channels.createChannelWithHttpInfo(creation, null, null, null);
    String id = created.getData().getData().getId();
    report.put("created", describe(created.getData().getData()));

    ApiResponse<ChannelAnswer> renamed =
        channels.updateChannelWithHttpInfo(id, new ChannelChange().name("Retail"), null, null, etag(created));
    report.put("renamed", describe(renamed.getData().getData()));

    Channel read = renamed.getData().getData();
    ChannelChange whole =
        new ChannelChange()
            .id(read.getId())
            .name(read.getName())
            .localName("تجزئة")
            .disabled(read.getDisabled())
            .integrationMeta(read.getIntegrationMeta())
            .companyNamespace(read.getCompanyNamespace())
            .createdAt(read.getCreatedAt())
            .updatedAt(read.getUpdatedAt())
            .v(read.getV());
    ApiResponse<ChannelAnswer> sentBack =
        channels.updateChannelWithHttpInfo(id, whole, null, null, etag(renamed));
    report.put("sent_back", describe(sentBack.getData().getData()));

    ChannelChange change = new ChannelChange().name("Wholesale");
    report.put("stale", errorOf(() -> channels.updateChannel(id, change, null, null, etag(created))));
    report.put("refused", errorOf(() -> channels.createChannel(new ChannelCreation().name(" "), null, null, null)));
    report.put("gateway", errorOf(() -> channels.getChannel(id, null, "x".repeat(11_000), null)));
    report.put("deleted", describe(channels.deleteChannel(id, null, null, etag(sentBack)).getData()));
    report.put("restored", describe(channels.restoreChannel(id, null, null).getData()));
    channels.deleteChannel(id, null, null, null);

    report.put("upserted", upsert(row("U-1").name("Upserted"), row("nobody").delete(true), row("U-2")));
    report.put("removed", upsert(row("U-1").delete(true)));
    report.put("changes", changesSince(System.getenv("CHANGES_CURSOR")));
    report.put("history", historyOf(System.getenv("GONE_ID")));
    System.out.println(Setup.toJson(report));
    System.exit(0);
  }
}
