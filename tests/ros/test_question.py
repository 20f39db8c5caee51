"""A service whose answer is lost is asked again."""

import pytest
from std_srvs.srv import SetBool

from track_common.ros.question import AGAIN, Question

pytestmark = pytest.mark.ros


def test_a_question_whose_answer_is_lost_is_put_again_until_there_is_one(peer):
    asked = []

    def answer(request, response):
        asked.append(request.data)
        response.message = f"answer {len(asked)}"
        return response

    service = peer.node.create_service(SetBool, "arm", answer)
    send = service.send_response  # Fast DDS calls that "failed to send response (timeout)"
    service.send_response = lambda *words: send(*words) if len(asked) > 2 else None
    client = peer.node.create_client(SetBool, "arm")
    assert peer.ask(client, SetBool.Request(data=True)).message == "answer 3"
    assert asked == [True] * 3


def test_an_answered_question_is_not_put_again(peer):
    asked = []

    def answer(_request, response):
        asked.append(True)
        return response

    peer.node.create_service(SetBool, "arm", answer)
    client = peer.node.create_client(SetBool, "arm")
    peer.wait_until(client.service_is_ready)
    question = Question(client, SetBool.Request())
    assert question.answer is None
    peer.wait_until(lambda: question.is_answered)
    peer.spin(1.5 * AGAIN)
    assert question.is_answered
    assert asked == [True]
