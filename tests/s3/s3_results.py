"""What failed requests of boto3 answered."""

import pytest
from botocore.exceptions import ClientError


def refused(call, **arguments):
    """Code and status of a request that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
