// Does what a connector does, and prints a report in JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	channels "github.com/generated/channels"
)

var withKey = context.WithValue(context.Background(), channels.ContextAPIKeys, map[string]channels.APIKey{
	"apiKey": {Key: os.Getenv("API_KEY")},
})

type object = map[string]any

func newClient() *channels.ChannelsAPIService {
	configuration := channels.NewConfiguration()
	configuration.Servers = channels.ServerConfigurations{{URL: os.Getenv("API_URL")}}
	return channels.NewAPIClient(configuration).ChannelsAPI
}

func must[T any](answer T, _ *http.Response, err error) T {
	if err != nil {
		panic(err)
	}
	return answer
}

func names(list *channels.ChannelListAnswer) []string {
	result := []string{}
	for _, channel := range list.Data {
		result = append(result, channel.Name)
	}
	return result
}

func readAll(api *channels.ChannelsAPIService) []string {
	request := api.ListChannels(withKey).PerPage(2)
	all := []string{}
	for {
		page := must(request.Execute())
		all = append(all, names(page)...)
		if !page.Pagination.HasNextCursor() {
			return all
		}
		request = request.Cursor(page.Pagination.GetNextCursor())
	}
}

func describe(answer *channels.ChannelAnswer) object {
	channel := answer.Data
	return object{
		"name":        channel.Name,
		"local_name":  channel.GetLocalName(),
		"external_id": channel.GetIntegrationMeta()["external_id"],
	}
}

func describeKnown(described object, known *channels.ServiceError) {
	described["code"] = known.Code
	if known.HasDetails() {
		described["path"] = known.Details[0].Path
	}
}

func errorOf(_ any, response *http.Response, err error) object {
	described := object{"status": response.StatusCode}
	switch model := err.(*channels.GenericOpenAPIError).Model().(type) {
	case channels.ServiceError:
		describeKnown(described, &model)
	case channels.AnyError:
		describeKnown(described, model.ServiceError)
	case channels.GatewayError:
		described["message"] = model.GetMessage()
	}
	return described
}

func nameOf(channel *channels.UpsertResultChannel) any {
	if channel == nil {
		return nil
	}
	return channel.Name
}

func row(externalID string) channels.UpsertRow {
	return *channels.NewUpsertRow(object{"external_id": externalID})
}

func upsert(api *channels.ChannelsAPIService, rows ...channels.UpsertRow) object {
	body := channels.NewChannelUpsert(rows)
	body.SetWhere(map[string]string{"integration_meta.source": "sap"})
	answer := must(api.UpsertChannels(withKey).ChannelUpsert(*body).Execute())
	results := [][]any{}
	for _, result := range answer.Data {
		results = append(results, []any{result.Result, nameOf(result.Channel), result.Code})
	}
	return object{"rows": results, "failed": answer.Summary.Failed}
}

func changesSince(api *channels.ChannelsAPIService, cursor string) [][]any {
	changes := [][]any{}
	for _, change := range must(api.ReadChanges(withKey).Cursor(cursor).PerPage(2).Execute()).Data {
		if change.Channel != nil {
			changes = append(changes, []any{change.Type, change.Channel.Name})
		} else {
			changes = append(changes, []any{change.Type, change.Id})
		}
	}
	return changes
}

func historyOf(api *channels.ChannelsAPIService, id string) [][]any {
	versions := [][]any{}
	for _, version := range must(api.ReadHistory(withKey, id).Execute()).Data {
		var name any
		if channel := version.Channel.Get(); channel != nil {
			name = channel.Name
		}
		versions = append(versions, []any{version.Type, name})
	}
	return versions
}

func main() {
	api := newClient()
	list := func() channels.ApiListChannelsRequest { return api.ListChannels(withKey) }
	report := object{
		"all":              readAll(api),
		"one_external_id":  names(must(list().IntegrationMetaExternalId([]string{"ERP-1"}).Execute())),
		"two_external_ids": names(must(list().IntegrationMetaExternalId([]string{"ERP-1", "ERP-2"}).Execute())),
	}
	in2023 := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC).UnixMilli()
	sortBy := `[{"field":"name","type":"desc"}]`
	report["sorted"] = names(must(list().SortBy(sortBy).FromUpdatedAt(in2023).Execute()))

	creation := channels.NewChannelCreation("Retail Channel")
	creation.SetLocalName("قناة التجزئة")
	creation.SetIntegrationMeta(object{"external_id": "R-1"})
	created, response, err := api.CreateChannel(withKey).ChannelCreation(*creation).Execute()
	report["created"] = describe(must(created, response, err))
	id, firstEtag := created.Data.Id, response.Header.Get("ETag")

	rename := channels.NewChannelChange()
	rename.SetName("Retail")
	renamed, response, err := api.UpdateChannel(withKey, id).ChannelChange(*rename).IfMatch(firstEtag).Execute()
	report["renamed"] = describe(must(renamed, response, err))

	read := renamed.Data
	whole := channels.NewChannelChange()
	whole.SetId(read.Id)
	whole.SetName(read.Name)
	whole.SetLocalName("تجزئة")
	whole.SetDisabled(read.Disabled)
	whole.SetIntegrationMeta(read.IntegrationMeta)
	whole.SetCompanyNamespace(read.CompanyNamespace)
	whole.SetCreatedAt(read.CreatedAt)
	whole.SetUpdatedAt(read.UpdatedAt)
	whole.SetV(read.V)
	sentBack, response, err := api.UpdateChannel(withKey, id).ChannelChange(*whole).IfMatch(response.Header.Get("ETag")).Execute()
	report["sent_back"] = describe(must(sentBack, response, err))
	lastEtag := response.Header.Get("ETag")

	staleAnswer, response, err := api.UpdateChannel(withKey, id).ChannelChange(*rename).IfMatch(firstEtag).Execute()
	report["stale"] = errorOf(staleAnswer, response, err)
	refusedAnswer, response, err := api.CreateChannel(withKey).ChannelCreation(*channels.NewChannelCreation(" ")).Execute()
	report["refused"] = errorOf(refusedAnswer, response, err)
	gatewayAnswer, response, err := api.GetChannel(withKey, id).XRequestId(strings.Repeat("x", 11_000)).Execute()
	report["gateway"] = errorOf(gatewayAnswer, response, err)
	report["deleted"] = describe(must(api.DeleteChannel(withKey, id).IfMatch(lastEtag).Execute()))
	report["restored"] = describe(must(api.RestoreChannel(withKey, id).Execute()))
	must(api.DeleteChannel(withKey, id).Execute())

	upserted, unknown, gone := row("U-1"), row("nobody"), row("U-1")
	upserted.SetName("Upserted")
	unknown.SetDelete(true)
	gone.SetDelete(true)
	report["upserted"] = upsert(api, upserted, unknown, row("U-2"))
	report["removed"] = upsert(api, gone)
	report["changes"] = changesSince(api, os.Getenv("CHANGES_CURSOR"))
	report["history"] = historyOf(api, os.Getenv("GONE_ID"))

	text, err := json.Marshal(report)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
}
