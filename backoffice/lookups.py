"""Numbers that no database can hold are in no list: not an error, as Django (6.1) has them be.

Django looks at the range for `exact` and its like, but not for `in`, by which a form looks up
several rows, and a list the rows that somebody ticked.
"""

from django.db.models import IntegerField
from django.db.models.lookups import In


@IntegerField.register_lookup
class InRange(In):
    def process_rhs(self, compiler, connection):
        if self.rhs_is_direct_value():
            kind = self.lhs.output_field.get_internal_type()
            lowest, highest = connection.ops.integer_field_range(kind)
            self.rhs = [
                value
                for value in self.rhs
                if not isinstance(value, int)
                or ((lowest is None or value >= lowest) and (highest is None or value <= highest))
            ]
        return super().process_rhs(compiler, connection)
