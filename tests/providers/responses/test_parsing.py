from contract.providers.responses.parsing import parse


def test_a_text_is_one_message_of_the_user():
    assert parse({"input": "Hi"})["messages"] == [{"role": "user", "content": "Hi"}]


def test_instructions_are_a_system_message():
    messages = parse({"input": "Hi", "instructions": "Be brief."})["messages"]

    assert messages[0] == {"role": "system", "content": "Be brief."}


def test_the_developer_is_the_system():
    (message,) = parse({"input": [{"role": "developer", "content": "S"}]})["messages"]

    assert message["role"] == "system"


def test_calls_in_a_row_are_one_message():
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    items = [{**call, "call_id": "a"}, {**call, "call_id": "b"}]

    (message,) = parse({"input": items})["messages"]

    assert [one["id"] for one in message["tool_calls"]] == ["a", "b"]


def test_reasoning_belongs_to_the_message_after_it():
    thought = {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "hm"}],
    }
    said = {"role": "assistant", "content": "Hi"}

    (message,) = parse({"input": [thought, said]})["messages"]

    assert (message["reasoning"], message["content"]) == ("hm", "Hi")


def test_no_log_probabilities_are_asked_for_by_zero_of_them():
    assert "top_logprobs" not in parse({"input": "Hi", "top_logprobs": 0})


def test_the_detail_auto_is_none_that_was_asked_for():
    image = {"type": "input_image", "image_url": "data:,x", "detail": "auto"}
    items = [{"role": "user", "content": [image]}]

    (message,) = parse({"input": items})["messages"]

    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "data:,x"}}
    ]
