import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.model.ServiceError;

/** What differs for the library `native` (java.net.http and Jackson). */
class Setup {
  private static final ApiClient client = new ApiClient();

  static ApiClient client(String url, String key) {
    client.updateBaseUri(url);
    client.setRequestInterceptor(request -> request.header("api-key", key));
    return client;
  }

  static Map<String, Object> describe(int status, String body) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("status", status);
    try {
      // Jackson does not check which fields are required, so it reads each error as a `ServiceError`.
      ServiceError error = client.getObjectMapper().readValue(body, ServiceError.class);
      if (error.getCode() == null) {
        described.put("message", error.getAdditionalProperty("message"));
      } else {
        described.put("code", error.getCode());
        if (error.getDetails() != null) described.put("path", error.getDetails().get(0).getPath());
      }
    } catch (JsonProcessingException notAnError) {
      described.put("body", body);
    }
    return described;
  }

  static String toJson(Object value) throws JsonProcessingException {
    return client.getObjectMapper().writeValueAsString(value);
  }
}
