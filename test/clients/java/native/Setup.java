import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openapitools.client.ApiClient;
import org.openapitools.client.model.AnyError;
import org.openapitools.client.model.Error;
import org.openapitools.client.model.GatewayError;

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
      Object error = client.getObjectMapper().readValue(body, AnyError.class).getActualInstance();
      if (error instanceof Error) {
        Error known = (Error) error;
        described.put("code", known.getCode());
        if (known.getDetails() != null) described.put("path", known.getDetails().get(0).getPath());
      } else {
        described.put("message", ((GatewayError) error).getMessage());
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
